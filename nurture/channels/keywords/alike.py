"""Words that look like a slip in a keyword, and are words of their own: "madre" is not "mande"."""

from __future__ import annotations

_WORDS = """
    afora afuera air aire ajudam ajudar ajudas alain alba aleta aline along alot alta altar altas alto
    altos and apaga apagam apagan apagao apagou apaguei apegar are asta asuma atira autoriza autorizou
    ayudan ayudar ayudarme ayudas bacia bafta bahia baiao baila baita baixar baixas baixe baixo bajan
    baje bajo bala balsa barrar barren basa basal basan basar bastam bastan bastao basto bata batia
    besta black blocks bloco bloke bloque bloquean bloquee bloqueia bloqueiam bloqueio bloqueo bloques
    borra borran borre borron bosta bothers brock brother cadastre cair caja cancelan canceled cancelei
    cancelo cancels cancer candela canela carcel carmem cart catastro cega cellar cellular celula
    celulas centrar chamam chame chamei cheap cheat checa chegam chegar chego chegou cheia cheng ciega
    comeca comecam comecara comentar comenzara constatar contacta contacte contactos contactou contacts
    contado contagem contame contanto contare contarem contarte contaste contatos content contract
    contracting contrae contratar contrate contrato convent creativa dadas damos danos dardos dared
    darei darem dares darle daros darse darte darts datas dates davos deben debia decia dedos deita
    deixam deixar deixas deixe deixei deixes deixo dejad dejan dejara dejare dejas dejeme dejes delegar
    deleite deleted delia dende denim denle dense denso dente desce desco desde desea desee deseja
    deseje desejos desejou deseos desiste desistem desisti desisto despejo desse deste detail deus devia
    disabled discontinued ditos doados dorme dutos elimina eliminan elimino empezara enano encerra
    encerram encierra end ende enfia enfiando enfiar engana engane enganos enganou enterar enterrar
    entra entram entran entrara entras enviado enviam envian enviara enviaram enviarle enviarte envias
    enviei envio envios ernie escreve escrevem escreves escreveu escribano escribas escribe escriben
    escribi escribia escribian escribio escribire escribirle escribo escrita esquecas esquece esquecem
    esqueci esqueco esquema estudo estuve etnia evoke exclui excluiu excusa falta falto fama fator
    favors favour feira fera fiera flavor flora foral foram forca forja forma fueran fueras fuere fuero
    fuerza furia gostaram gostariam grupos guapo guitar gustaria helps incluir incomoda incomodam
    incomodas incomodo inicia inicial iniciam inician iniciara inscreve inscreveu insistem insistia
    interesaba interesadas interesados interese interesen intereses interessa interessada interessado
    interessei interesses interesso interests interrompe interrompeu joins joint juda lata lato lease
    leaves liminar linger lisas listar listo listos listras lists llaman llame llames llave llegue
    llegues lleve lock loner longe longed madden madre madres magda magna maiden maine malestar malta
    manada manas mandado mandam mandame mandan mandaram mandarem mandarim mandarle mandarte mandas
    mandei mando mandos mandy manga manha mania manjar mansa manta mante mantem manten massage massages
    maude mazda meade mendes mensaje milling molesta molestado molestan molestas moleste molested
    molestia molestos monde muted nevera neves newer notification numbers numeros oferta opting option
    optou padre pagar pago pague paguei paira par parada parade parado param paran paras parda pardo
    pared parede parei parent pareo pares pari paria pario parir parla parma paros parou parra parry
    parta parte partem parten parto parva pasar pasen perturba phoned phones phony pirar pleads pleas
    pleased pleases porem precios preciosa precisan precisao precisar precisas precise precisem preciso
    premisa presume promotion prone propagandas publicidade quebra quebre quebro quedo queer queima
    queira queixa quejo quemo quenia quere queriam querian querias querida querra querria query queso
    quiebre quien quier quiera quieren quieres quiet quieto quilt quisieran quisieras quita quitan
    quitara quitarle quitarse quitarte quitas quite quites quito quits reboco recebe recebem recebera
    recebes recebeu recebi received receiver receives recibi recibia recibio recibira recibo recover
    relativa remota remote removal removed removes removeu renova resist restar resumed resumen resumes
    resumo retener retira retiram retiran retoma revogou revoked sabia sacarle sacarse sacarte saias
    saiba saida saio saira saiu sala sale sali salia salim salio salis salta salto samir saque saquei
    saqueo saques seeding sender sensing shop silencios slamming socorros soltar sop soporta soportes
    soporto spare spending stair star starts stat state step stock stomp stopped stops stuart subscribed
    subscriber subscriptions suficientes suman sumar sumas suporta suportes suporto supports suspende
    suspended suspenden suspendeu tart telefones telefonos telefonou tents terem testing tests tetas
    tetos texas texto textos tiara tiram tiran tiras tired tirei tiren tires top traem tuitar vazao
    vazar vazia viaja volar volcar volt volta voltam voltara voltas volte voltea voltear volto volvera
    volvere volves vota votar vuelve withdrawn withdraws withdrew wrongs
    """
ALIKE = frozenset(_WORDS.split())
